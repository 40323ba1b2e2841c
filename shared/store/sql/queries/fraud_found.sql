-- What the shop's rules find in a confirm (CHK-16), or with a `card` in that.
-- in: session_id text, currency text, total_minor bigint, card jsonb?
select @fraud_json(:session_id, :currency, :total_minor, :card)
