//! `inbox-work`: does what other programs' events mean.

spin_shell::worker!(api::INBOX_WORK, app::workers::inbox_work);
