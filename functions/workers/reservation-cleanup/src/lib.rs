//! `reservation-cleanup`: gives expired reservations back to stock.

spin_shell::worker!("reservation-cleanup", app::workers::reservation_cleanup);
