// embed_token is the row of the table for a sampled token: the first where none could
// be picked, since what is computed from there on is thrown away. See graph.NoToken.
uint embed_token(uint sampled) { return sampled == NO_TOKEN ? 0 : sampled; }
