//! `saga-recovery`: drives on the sagas whose driver has gone.

spin_shell::worker!(api::SAGA_RECOVERY, app::workers::saga_recovery);
