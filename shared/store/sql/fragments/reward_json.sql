-- A reward that was given, with what its rule is called.
-- function: (r reward) returns jsonb language sql
object('grant_id', r.grant_id, 'reward_id', r.reward_id, 'name', (select w.rule ->> 'name' from reward_rule as w where w.reward_id = r.reward_id), 'version', r.version,
  'order_id', r.order_id, 'state', r.state, 'points', r.points, 'code', r.code, 'badge', r.badge, 'taken_points', r.taken_points,
  'given_at_ms', r.given_at_ms, 'taken_at_ms', r.taken_at_ms)
