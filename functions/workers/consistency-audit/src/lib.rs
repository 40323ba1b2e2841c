//! `consistency-audit`: looks for what must not be in the database.

spin_shell::worker!("consistency-audit", app::workers::consistency_audit);
