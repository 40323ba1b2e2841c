-- Asks for money that is held: its saga takes it, as it would have with the order.
-- function: (of_saga text) returns void language plpgsql
update saga set state = 'capturing', attempts = 0, next_attempt_at_ms = now_ms(), lease_until_ms = 0, updated_at_ms = now_ms()
  where saga_id = of_saga and state = 'completed';
update payment set state = 'capture_pending', updated_at_ms = now_ms() where saga_id = of_saga;
