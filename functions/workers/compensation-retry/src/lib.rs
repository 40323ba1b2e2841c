//! `compensation-retry`: tries again what is owed to the payment provider.

spin_shell::worker!("compensation-retry", app::workers::compensation_retry);
