-- Last in a command: its events, and the receipt for replays; answers the receipt.
create or replace function finish_command(doc jsonb, assigned jsonb) returns jsonb language plpgsql as $$
begin
  perform add_events(doc, assigned);
  update idempotency set receipt = assigned where idempotency_key = doc ->> 'idempotency_key';
  return assigned;
end
$$;
