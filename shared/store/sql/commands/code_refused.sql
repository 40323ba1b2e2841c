-- Writes down that a code was refused (PROMO-6): of a promotion, to whom and why.
-- in: promotion_id text, actor text, reason text, code text, cart_id text
perform hold_subject('promotion/' || :promotion_id); -- only postgres
@append_history('promotion/' || :promotion_id, 'code_refused', :actor, :reason, object('code', :code, 'cart_id', :cart_id))
returning
(select object('promotion_id', :promotion_id))
