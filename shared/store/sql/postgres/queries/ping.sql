-- Is the database there, and at which baseline? Like every statement it names the one parameter: a driver refuses to bind what is not there.
-- in: nothing
select jsonb_build_object('now_ms', now_ms(), 'version', (select max(version) from migration))::text where :nothing is null
