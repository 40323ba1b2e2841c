//! `/health…`: is the shop well? Without credentials, and without anything worth hiding.

use app::ops;
use edge::{Call, Operation, Problem, Reply};
use spin_shell::Redis;

spin_shell::http!(
    api::HEALTH_LIVE { live },
    api::HEALTH_READY { ready },
    api::HEALTH { health: ready },
    api::HEALTH_DEPENDENCIES { health_dependencies: dependencies },
);

async fn live(_: Call<'_, api::live>) -> Result<Reply, Problem> {
    Ok(ops::live())
}

async fn ready<O: Operation>(call: Call<'_, O>) -> Result<Reply, Problem> {
    Ok(ops::ready(call.ports))
}

async fn dependencies(call: Call<'_, api::health_dependencies>) -> Result<Reply, Problem> {
    Ok(ops::dependencies(call.ports, &Redis::beside(call.ports.sql)).await)
}
