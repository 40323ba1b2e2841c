//! A body that its sender has signed.

/// A body as it came, byte by byte, and what is said to sign it.
#[derive(Clone, Debug)]
pub struct Signed {
    /// The header that signs it; whether it does is for the handler to see.
    pub signature: Option<String>,
    /// The body.
    pub bytes: Vec<u8>,
}
