//! `data-key-rewrap`: wraps the keys of owners by the first of `pii_key`.

spin_shell::worker!(api::DATA_KEY_REWRAP, app::workers::data_key_rewrap);
