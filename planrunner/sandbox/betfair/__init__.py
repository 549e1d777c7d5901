"""A Betfair Exchange to rehearse against: login, catalogue, books, orders, account, over JSON-RPC and REST."""
