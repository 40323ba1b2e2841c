-- The shop's own role and database on PostgreSQL, run once by an administrator:
--   psql "$ADMIN_URL" -v password="$PASSWORD" -f deploy/postgres.sql
-- Then start the shop with this role in `database_url`, and `POST /internal/migrate` makes its tables and functions.

-- What bounds the shop's connections on every Spin: each component of each process may hold 64, idle ones are never closed.
-- Keep it below the server's max_connections, less what others need. Beyond it requests get 503 `database_busy`.
create role edgetill login password :'password' connection limit 80;
create database shop owner edgetill encoding 'UTF8' template template0;

-- How long a statement waits for a lock, how long it runs, and how long a transaction may idle. Spin's pool cleans a connection
-- with `reset all`, which comes back to these, and ends no transaction: what ends one that should never be is the last.
alter role edgetill in database shop set lock_timeout = '3s';
alter role edgetill in database shop set statement_timeout = '10s';
alter role edgetill in database shop set idle_in_transaction_session_timeout = '5s';
