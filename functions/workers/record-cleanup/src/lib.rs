//! `record-cleanup`: deletes what nothing needs any more.

spin_shell::worker!(api::RECORD_CLEANUP, app::workers::record_cleanup);
