-- Which version the schema has, by its ledger alone: the one query that an older schema answers too.
-- in: nothing
select json_object('version', max(version)) from migration where :nothing is null
