-- Is the database there, and at which baseline? Like every statement it names the one parameter: SQLite refuses to bind what is not there.
-- in: nothing
select json_object('now_ms', now_ms(), 'version', (select max(version) from migration)) where :nothing is null
