create temp trigger confirm_capture instead of insert on command when new.name = 'capture' begin
  update saga set state = 'completed', next_attempt_at_ms = 2 where saga_id = new.doc ->> 'id';
  update payment set state = 'captured', captured_minor = amount_minor where saga_id = new.doc ->> 'id';
end
