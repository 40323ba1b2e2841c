-- Gives back what a session holds, if that is wanted.
-- function: (of_session text, wanted boolean) returns void language plpgsql
-- postgres: release_held
update reservation set status = 'releasing' where wanted and status = 'active' and session_id = of_session;
@release
