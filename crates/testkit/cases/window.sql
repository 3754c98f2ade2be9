-- A row depends on its neighbours: each score carries its place in its game.
CREATE TABLE new.ranking (
    id INTEGER PRIMARY KEY, game TEXT NOT NULL, player TEXT, points INTEGER NOT NULL,
    place INTEGER NOT NULL
);
CREATE INDEX new.ranking_game ON ranking (game, place);

INSERT INTO new.ranking (id, game, player, points, place)
SELECT id, game, player, points,
    row_number() OVER (PARTITION BY game ORDER BY points DESC, id)
FROM old.scores;

INSERT INTO old.scores (id, game, player, points)
SELECT id, game, player, points FROM new.ranking;
