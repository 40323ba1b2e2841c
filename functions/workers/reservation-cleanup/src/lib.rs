//! `reservation-cleanup`: gives expired reservations back to stock.

spin_shell::worker!(api::RESERVATION_CLEANUP, app::workers::reservation_cleanup);
