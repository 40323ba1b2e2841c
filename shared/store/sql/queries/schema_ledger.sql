-- Which version the schema has, by its ledger alone: the one query that an older schema answers too. Like every statement it names the one
-- parameter: a driver refuses to bind what is not there.
-- in: nothing text?
select object('version', max(version)) from migration where :nothing is null
