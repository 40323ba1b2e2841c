//! Prints every function of PostgreSQL as one script, which comes after
//! `migrations/postgres/baseline.sql` and may run again. `cargo till` gives it to the databases it
//! makes; a deployed shop has it in `POST /internal/migrate`.

fn main() {
    print!("{}", store::sql::FUNCTIONS);
}
