//! `/api/v1/rewards…`: the rules by which orders are rewarded.

use app::rewards;
use edge::{Answered, Call};

spin_shell::http!(
    api::REWARDS { list_rewards: list },
    api::REWARD { view_reward: view, put_reward: put, delete_reward: delete },
);

async fn list(call: Call<'_, api::list_rewards>) -> Answered<api::list_rewards> {
    rewards::list(call.ports, &call.query)
}

async fn view(call: Call<'_, api::view_reward>) -> Answered<api::view_reward> {
    rewards::view(call.ports, &call.path.reward_id)
}

async fn put(call: Call<'_, api::put_reward>) -> Answered<api::put_reward> {
    rewards::put(call.ports, &call.caller, &call.path.reward_id, &call.body)
}

async fn delete(call: Call<'_, api::delete_reward>) -> Answered<api::delete_reward> {
    rewards::delete(call.ports, &call.caller, &call.path.reward_id, &call.change)
}
