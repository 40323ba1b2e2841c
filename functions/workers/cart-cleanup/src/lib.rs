//! `cart-cleanup`: gives up carts whose time is over.

spin_shell::worker!("cart-cleanup", app::workers::cart_cleanup);
