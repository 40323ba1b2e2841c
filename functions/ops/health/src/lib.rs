//! `/health…`: is the shop well? Without credentials, and without anything worth hiding.

use app::ops;
use edge::{Problem, Reply, Request, Route};
use ports::Ports;
use spin_shell::Redis;

spin_shell::http!(
    Route::at(api::HEALTH_LIVE.path).get(live),
    Route::at(api::HEALTH_READY.path).get(ready),
    Route::at(api::HEALTH.path).get(ready),
    Route::at(api::HEALTH_DEPENDENCIES.path).get(dependencies),
);

async fn live(_: &Ports<'_>, _: &Request) -> Result<Reply, Problem> {
    Ok(ops::live())
}

async fn ready(ports: &Ports<'_>, _: &Request) -> Result<Reply, Problem> {
    Ok(ops::ready(ports))
}

async fn dependencies(ports: &Ports<'_>, _: &Request) -> Result<Reply, Problem> {
    Ok(ops::dependencies(ports, &Redis::beside(ports.sql)).await)
}
