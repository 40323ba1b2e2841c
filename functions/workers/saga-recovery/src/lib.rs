//! `saga-recovery`: drives on the sagas whose driver has gone.

spin_shell::worker!("saga-recovery", app::workers::saga_recovery);
