//! `compensation-retry`: tries again what is owed to the payment provider.

spin_shell::worker!(api::COMPENSATION_RETRY, app::workers::compensation_retry);
