-- A currency that is sold in, with what one payment may be.
-- function: (c currency) returns jsonb language sql
object('currency', c.currency, 'minor_digits', c.minor_digits, 'minimum_minor', c.minimum_minor, 'ceiling_minor', c.ceiling_minor,
  'point_value_minor', c.point_value_minor)
