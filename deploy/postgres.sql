-- The shop's own role and database on PostgreSQL, run once by an administrator:
--   psql "$ADMIN_URL" -v password="$PASSWORD" -f deploy/postgres.sql
-- Then start the shop with this role in `database_url`, and `POST /internal/migrate` makes its tables and functions.

-- What bounds the shop's connections on every Spin: each component of each process may hold 64, and the pools close no idle one.
-- Keep it below the server's max_connections (100 by default), less what others need. Beyond it requests wait, and get 503
-- `database_busy`. It carries limit / idle_session_timeout requests a second: docs/postgresql.md.
create role edgetill login password :'password' connection limit 80;
create database shop owner edgetill encoding 'UTF8' template template0;

-- How long a statement waits for a lock, how long it runs, how long a transaction may idle, and how long a session. Spin's pool
-- cleans a connection with `reset all`, which comes back to these, and ends no transaction: what ends one that should never be
-- is the third. The fourth frees what a burst has left in the pool of one function for all others. (In a psql of this role:
-- `set idle_session_timeout = 0`.)
alter role edgetill in database shop set lock_timeout = '3s';
alter role edgetill in database shop set statement_timeout = '10s';
alter role edgetill in database shop set idle_in_transaction_session_timeout = '5s';
alter role edgetill in database shop set idle_session_timeout = '2s';
