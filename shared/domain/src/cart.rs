//! Where a cart is in its life. The statements that move it hold their own guards.

named_enum! {
    /// Where a cart is in its life.
    pub enum CartStatus("a cart status") {
        /// Being filled.
        Active = "active",
        /// A checkout session is open on it. It may still be changed until a confirm runs.
        Checkout = "checkout",
        /// It has become an order.
        Completed = "completed",
        /// It has been taken into another cart.
        Merged = "merged",
        /// Nobody has touched it for too long. Whoever comes back gets its lines in another cart.
        Abandoned = "abandoned",
    }
}
