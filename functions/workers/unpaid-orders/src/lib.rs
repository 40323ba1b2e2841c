//! `unpaid-orders`: ends orders that nobody has paid.

spin_shell::worker!(api::UNPAID_ORDERS, app::workers::unpaid_orders);
