-- Which version the schema has, by its ledger alone: the one query that an older schema answers too.
-- in: nothing
select jsonb_build_object('version', max(version))::text from migration where :nothing is null
