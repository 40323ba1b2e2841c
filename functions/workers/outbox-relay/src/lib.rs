//! `outbox-relay`: sends waiting events to the sink.

spin_shell::worker!("outbox-relay", app::workers::outbox_relay);
