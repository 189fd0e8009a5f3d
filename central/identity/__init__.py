"""Who is who: people with passwords, service tokens, sessions in the browser, and the brake on guessing."""
