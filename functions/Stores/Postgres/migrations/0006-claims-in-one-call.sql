-- A claim and a release each in one call: a round trip instead of four or five, in which the rows would stay locked. A version that comes later changes what is inside and leaves the
-- signatures, for processes of this version go on beside it. Each statement sees what was committed before it, so what is read after a lock is what the lock guards. Tables are never read
-- whole: a connection makes its plans once, possibly while they are small.

-- At most so many claims, a row each. Where there were fewer, a last row without a lane tells when to look again: milliseconds from now, NULL where nothing waits.
CREATE FUNCTION qmoi_claim(most integer, lease bigint, most_due integer)
    RETURNS TABLE (pause bigint, lane text, fence bigint, sequence bigint, tries bigint, forge text, delivery_id text, event text, body bytea)
    LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    is_ready   boolean;
    due        bigint;
    claimed    integer := 0;
    of_lane    text;
    with_fence bigint;
BEGIN
    -- Most looks are in vain, since one delivery is told to all processes: those lock nothing.
    is_ready := EXISTS (SELECT FROM lanes WHERE turn IS NOT NULL AND leased_until = 0);
    due := least((SELECT min(run_after) FROM work WHERE run_after > 0), (SELECT min(leased_until) FROM lanes WHERE leased_until > 0)) - qmoi_now();

    IF due <= 0 AND most > 0 THEN
        -- A lane whose lease ran out goes behind those that waited meanwhile.
        UPDATE lanes SET leased_until = 0, served_at = qmoi_now(), turn = greatest(turn, CASE WHEN turn IS NOT NULL THEN qmoi_now() END)
        WHERE lane IN (SELECT lane FROM lanes WHERE leased_until > 0 AND leased_until <= (SELECT qmoi_now()) ORDER BY lane LIMIT most_due FOR UPDATE SKIP LOCKED);
        -- What fell due is ready from now on.
        WITH fell_due AS (SELECT sequence FROM work WHERE run_after > 0 AND run_after <= (SELECT qmoi_now()) ORDER BY run_after LIMIT most_due FOR UPDATE SKIP LOCKED),
             ready AS (UPDATE work SET run_after = 0 FROM fell_due WHERE work.sequence = fell_due.sequence RETURNING work.lane, rank)
        INSERT INTO lanes (lane, turn) SELECT lane, min(rank) FROM ready GROUP BY lane ORDER BY lane
        ON CONFLICT (lane) DO UPDATE SET turn = greatest(excluded.turn, lanes.served_at) WHERE lanes.turn IS NULL OR lanes.turn > greatest(excluded.turn, lanes.served_at);
        is_ready := true;
    END IF;

    WHILE is_ready AND claimed < most LOOP
        WITH next AS (SELECT lane FROM lanes WHERE turn IS NOT NULL AND leased_until = 0 ORDER BY turn LIMIT 1 FOR UPDATE SKIP LOCKED)
        UPDATE lanes SET leased_until = qmoi_now() + lease, fence = lanes.fence + 1 FROM next WHERE lanes.lane = next.lane RETURNING lanes.lane, lanes.fence INTO of_lane, with_fence;
        EXIT WHEN NOT FOUND;
        RETURN QUERY
            UPDATE deliveries SET state = 'working' FROM (SELECT sequence, tries FROM work WHERE lane = of_lane AND run_after = 0 ORDER BY rank, sequence LIMIT 1) AS head
            WHERE deliveries.sequence = head.sequence
            RETURNING NULL::bigint, of_lane, with_fence, deliveries.sequence, head.tries, deliveries.forge, deliveries.delivery_id, deliveries.event, deliveries.body;
        IF FOUND THEN
            claimed := claimed + 1;
        ELSE
            -- Rows were removed by hand: the lane must not stand in the way of the others for ever.
            DELETE FROM work WHERE lane = of_lane AND NOT EXISTS (SELECT FROM deliveries WHERE deliveries.sequence = work.sequence);
            UPDATE lanes SET leased_until = 0, turn = (SELECT min(rank) FROM work WHERE work.lane = lanes.lane AND run_after = 0) WHERE lane = of_lane;
        END IF;
    END LOOP;

    -- Ready, and yet none: somebody else holds its row just now.
    IF claimed < most OR most = 0 THEN
        RETURN QUERY SELECT CASE WHEN is_ready AND claimed = 0 THEN 0 ELSE due END, NULL::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::bytea;
    END IF;
END $$;

-- Ends a claim: its work is over, or (wait) it comes again after so many milliseconds. False when the lease has passed on: then nothing was written.
CREATE FUNCTION qmoi_release(of_lane text, with_fence bigint, of_sequence bigint, wait bigint, more_tries bigint, new_state text, why text)
    RETURNS boolean LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM lanes WHERE lane = of_lane AND fence = with_fence FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF wait IS NULL THEN
        DELETE FROM work WHERE sequence = of_sequence;
    ELSE
        UPDATE work SET run_after = qmoi_now() + wait, tries = tries + more_tries WHERE sequence = of_sequence;
    END IF;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE deliveries SET state = new_state, result = why WHERE sequence = of_sequence;
    UPDATE lanes SET leased_until = 0, fence = fence + 1, served_at = qmoi_now(),
        turn = (SELECT greatest(rank, qmoi_now()) FROM work WHERE work.lane = lanes.lane AND run_after = 0 ORDER BY rank LIMIT 1)
    WHERE lane = of_lane;
    RETURN true;
END $$;
