//! `reward-grant`: gives what orders earn, and takes back what cancelled ones gave.

spin_shell::worker!(api::REWARD_GRANT, app::workers::reward_grant);
