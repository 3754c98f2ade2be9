-- People must decide about such rows. Here: prices are rounded, and what is not a number
-- becomes NULL.
UPDATE items SET price = NULL WHERE typeof(price) = 'text';
UPDATE items SET price = round(price, 2) WHERE price <> round(price, 2);
