//! `outbox-relay`: sends waiting events to the sink.

use app::workers::{self, Report};
use edge::Problem;
use ports::Ports;
use spin_shell::Redis;

spin_shell::worker!(api::OUTBOX_RELAY, relay);

async fn relay(ports: &Ports<'_>) -> Result<Report, Problem> {
    workers::outbox_relay(ports, &Redis::beside(ports.sql)).await
}
