//! `/health…`: is the shop well? Without credentials, and without anything worth hiding.

use app::ops;
use edge::{Answered, Call, Done, Operation};
use spin_shell::Redis;

spin_shell::http!(
    api::HEALTH_LIVE { live },
    api::HEALTH_READY { ready },
    api::HEALTH { health: ready },
    api::HEALTH_DEPENDENCIES { health_dependencies: dependencies },
);

async fn live(_: Call<'_, api::live>) -> Answered<api::live> {
    Ok(ops::live())
}

async fn ready<O: Operation<Outcome = Done<ops::Health>>>(call: Call<'_, O>) -> Answered<O> {
    Ok(ops::ready(call.ports))
}

async fn dependencies(
    call: Call<'_, api::health_dependencies>,
) -> Answered<api::health_dependencies> {
    Ok(ops::dependencies(call.ports, &Redis::beside(call.ports.sql)).await)
}
