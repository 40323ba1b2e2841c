//! Redis out. Only components that name [`Redis`] import the host's interface.

use ports::{RedisError, Sql};
use spin_sdk::redis::{Connection, Error, RedisParameter, RedisResult};
use std::cell::RefCell;

/// The port `Redis` over Spin's, with the connection last used.
pub struct Redis<'a> {
    database: &'a dyn Sql,
    open: RefCell<Option<(String, Connection)>>,
}

impl<'a> Redis<'a> {
    /// Beside a request's database, whose connection does not wait for what Redis does: Spin sets
    /// that no limit.
    #[must_use]
    pub fn beside(database: &'a dyn Sql) -> Self {
        Self { database, open: RefCell::new(None) }
    }
}

impl ports::Redis for Redis<'_> {
    fn execute(
        &self,
        address: &str,
        command: &str,
        arguments: &[&[u8]],
    ) -> Result<Vec<Vec<u8>>, RedisError> {
        self.database.give_back();
        // Taken out while it is used, and put back only when it works: Spin's connection does not
        // mend itself.
        let connection = match self.open.take() {
            Some((open, connection)) if open == address => connection,
            Some(_) | None => {
                Connection::open(address).map_err(|error| RedisError::NotSent(text(error)))?
            }
        };
        let arguments: Vec<RedisParameter> =
            arguments.iter().map(|argument| RedisParameter::Binary(argument.to_vec())).collect();
        let answer = connection
            .execute(command, &arguments)
            .map_err(|error| RedisError::Failed(text(error)))?;
        self.open.replace(Some((address.to_owned(), connection)));
        Ok(answer.into_iter().map(bytes).collect())
    }
}

fn bytes(result: RedisResult) -> Vec<u8> {
    match result {
        RedisResult::Nil => Vec::new(),
        RedisResult::Status(text) => text.into_bytes(),
        RedisResult::Int64(number) => number.to_string().into_bytes(),
        RedisResult::Binary(bytes) => bytes,
    }
}

fn text(error: Error) -> String {
    match error {
        Error::InvalidAddress => {
            "the address is malformed or not among allowed_outbound_hosts".to_owned()
        }
        Error::TooManyConnections => "too many connections".to_owned(),
        Error::TypeError => "a value of another type".to_owned(),
        Error::Other(text) => text,
    }
}
