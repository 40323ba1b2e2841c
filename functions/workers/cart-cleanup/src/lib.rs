//! `cart-cleanup`: gives up carts whose time is over.

spin_shell::worker!(api::CART_CLEANUP, app::workers::cart_cleanup);
