//! `/api/v1/earned-rewards`, `/api/v1/share-codes`: what a customer was given, and codes they share.

use app::rewards;
use edge::{Answered, Call};

spin_shell::http!(
    api::EARNED_REWARDS { list_earned_rewards: earned },
    api::SHARE_CODES { share_code: share },
);

async fn earned(call: Call<'_, api::list_earned_rewards>) -> Answered<api::list_earned_rewards> {
    rewards::earned(call.ports, &call.caller, &call.query)
}

async fn share(call: Call<'_, api::share_code>) -> Answered<api::share_code> {
    rewards::share(call.ports, &call.caller, &call.body)
}
