//! `consistency-audit`: looks for what must not be in the database.

spin_shell::worker!(api::CONSISTENCY_AUDIT, app::workers::consistency_audit);
