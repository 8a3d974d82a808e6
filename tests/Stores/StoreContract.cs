using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using QMoi.Functions.Hooks;
using QMoi.Functions.Stores;
using QMoi.Handlers.Events;
using QMoi.Handlers.Forges;
using QMoi.Handlers.Repair;

namespace QMoi.Tests.Stores;

/// <summary>What every store promises. Each has a class of its own that runs all of this.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    private readonly List<IStore> opened = [];

    protected IStore Store { get; private set; } = null!;

    /// <summary>The time that deliveries are received at; moved by <see cref="PassAsync"/>.</summary>
    protected abstract DateTimeOffset Now { get; }

    /// <summary>The same database once more, as another process opens it.</summary>
    protected abstract IStore Open(StoredBody bodies);

    /// <summary>So much time goes by for the store.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    protected abstract ValueTask PrepareAsync();

    protected abstract ValueTask RemoveAsync();

    protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await PrepareAsync();
        Store = Another();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in opened)
            await store.DisposeAsync();
        await RemoveAsync();
        GC.SuppressFinalize(this);
    }

    protected IStore Another(params byte[][] keys)
    {
        opened.Add(Open(new StoredBody(keys)));
        return opened[^1];
    }

    // ---- storing

    [Fact]
    public async Task A_delivery_is_stored_once_under_its_id_and_once_with_its_body()
    {
        Assert.Equal(InsertResult.Stored, await Store.InsertAsync(Delivery("one"), Stop));
        Assert.Equal(InsertResult.Duplicate, await Store.InsertAsync(Delivery("one"), Stop));
        Assert.Equal(InsertResult.Duplicate, await Store.InsertAsync(Delivery("two", body: "one"), Stop));
        Assert.Equal(InsertResult.DuplicateIdWithAnotherBody, await Store.InsertAsync(Delivery("one", body: "two"), Stop));
        Assert.Equal(InsertResult.Stored, await Store.InsertAsync(Delivery("one", forge: ForgeKind.GitLab), Stop));
        Assert.Equal(["github one Stored", "gitlab one Stored"], from row in await RowsAsync() select $"{(row.Forge == ForgeKind.GitHub ? "github" : "gitlab")} {row.Id} {row.State}");
    }

    [Fact]
    public async Task Of_the_same_delivery_many_times_at_once_one_is_stored()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 60).Select(number => Store.InsertAsync((number % 3) switch
        {
            0 => Delivery("one"),
            1 => Delivery("one", body: "another"),
            _ => Delivery($"copy-{number}", body: "one"),
        }, Stop)));
        Assert.InRange(results.Count(result => result == InsertResult.Stored), 1, 2);    // a copy may come before "one" with another body
        var rows = await RowsAsync();
        Assert.Equal(results.Count(result => result == InsertResult.Stored), rows.Count);
        Assert.Equal(rows.Count, rows.Select(row => row.Id).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task What_was_stored_is_read_back()
    {
        var delivery = Delivery("one", lane: 7);
        await Store.InsertAsync(delivery, Stop);
        var row = Assert.Single(await RowsAsync());
        Assert.Equal((ForgeKind.GitHub, "one", "push", "acme/app-7", DeliveryState.Stored, null, delivery.ReceivedAt), (row.Forge, row.Id, row.Event, row.Repository, row.State, row.Result, row.ReceivedAt));
        Assert.Equal(row, await Store.FindAsync("one", Stop));
        Assert.Null(await Store.FindAsync("two", Stop));
        Assert.Equal("one", await Store.FindIdOfBodyAsync(ForgeKind.GitHub, Body("one"), Stop));
        Assert.Null(await Store.FindIdOfBodyAsync(ForgeKind.GitLab, Body("one"), Stop));
        var claim = await ClaimedAsync();
        Assert.Equal(("one", "push", "github:7", 0), (claim.DeliveryId, claim.Event, claim.Lane, claim.Tries));
        Assert.Equal(Body("one"), claim.Body.ToArray());
        Assert.Empty(await Store.CheckAsync(Stop));
    }

    [Fact]
    public async Task A_delivery_that_needs_nothing_is_finished_with_being_stored_and_can_be_worked_all_the_same()
    {
        Assert.Equal(InsertResult.Stored, await Store.InsertAsync(Delivery("one") with { Ignored = "not of our concern" }, Stop));
        Assert.Equal(InsertResult.Stored, await Store.InsertAsync(Delivery("two", lane: 8), Stop));
        Assert.Equal(InsertResult.Duplicate, await Store.InsertAsync(Delivery("one"), Stop));
        var row = (await Store.FindAsync("one", Stop))!;
        Assert.Equal((DeliveryState.Ignored, "not of our concern"), (row.State, row.Result));
        Assert.Equal(1, (await Store.QueueAsync(Stop)).Ready);
        Assert.Equal("two", (await ClaimedAsync()).DeliveryId);
        Assert.Null(await Store.ClaimAsync(Stop));
        Assert.True(await Store.RequeueAsync(row.Sequence, Stop));
        var claim = await ClaimedAsync();
        Assert.Equal("one", claim.DeliveryId);
        Assert.Equal(Body("one"), claim.Body.ToArray());
    }

    [Fact]
    public async Task A_delivery_without_a_repository_is_worked_too()
    {
        await Store.InsertAsync(Delivery("one") with { Envelope = new Envelope("one", "installation", null, null, IsPing: false) }, Stop);
        var claim = await ClaimedAsync();
        Assert.True(await Store.FinishAsync(claim, DeliveryState.Ignored, "not ours", Stop));
        Assert.True(await Store.RequeueAsync(claim.Sequence, Stop));
        Assert.Equal("one", (await ClaimedAsync()).DeliveryId);
    }

    [Fact]
    public async Task Lists_are_read_in_pages_by_state_and_by_time()
    {
        await Task.WhenAll(Enumerable.Range(0, 1200).Select(number => Store.InsertAsync(Delivery($"id-{number}", lane: number % 5), Stop)));
        await PassAsync(TimeSpan.FromHours(1));
        await Store.InsertAsync(Delivery("late"), Stop);
        await Store.FinishAsync(await ClaimedAsync(), DeliveryState.Done, "healed", Stop);
        Assert.Equal(1201, (await RowsAsync()).Count);
        Assert.Equal("healed", Assert.Single(await RowsAsync(DeliveryState.Done)).Result);
        Assert.Equal("late", Assert.Single(await RowsAsync(since: Now - TimeSpan.FromMinutes(1))).Id);
    }

    // ---- encryption

    [Fact]
    public async Task A_body_is_read_with_its_key_alone_and_waits_while_that_is_not_given()
    {
        var (old, young) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
        await Another(old).InsertAsync(Delivery("old", lane: 1), Stop);
        await Another(young, old).InsertAsync(Delivery("young", lane: 2), Stop);
        await Store.InsertAsync(Delivery("readable", lane: 3), Stop);

        var readable = await ClaimedAsync();
        Assert.Equal("readable", readable.DeliveryId);
        await Store.FinishAsync(readable, DeliveryState.Done, "", Stop);
        Assert.Null(await Store.ClaimAsync(Stop));
        Assert.Equal(2, (await Store.MissingKeysAsync(Stop)).Count);
        Assert.Contains("which QMOI_ENCRYPTION_KEY does not name", (await Store.FindAsync("old", Stop))!.Result, StringComparison.Ordinal);

        await PassAsync(TimeSpan.FromMinutes(1));
        var rotated = Another(young);
        var first = (await rotated.ClaimAsync(Stop))!;
        Assert.Equal(Body("young"), first.Body.ToArray());
        await rotated.FinishAsync(first, DeliveryState.Done, "", Stop);
        Assert.Null(await rotated.ClaimAsync(Stop));
        Assert.Single(await rotated.MissingKeysAsync(Stop));

        await PassAsync(TimeSpan.FromMinutes(1));
        var both = Another(young, old);
        Assert.Empty(await both.MissingKeysAsync(Stop));
        var late = (await both.ClaimAsync(Stop))!;
        Assert.Equal((0, "old"), (late.Tries, late.DeliveryId));
        Assert.Equal(Body("old"), late.Body.ToArray());
    }

    [Fact]
    public async Task The_same_body_is_a_duplicate_whatever_key_it_was_encrypted_with()
    {
        var (old, young) = (RandomNumberGenerator.GetBytes(32), RandomNumberGenerator.GetBytes(32));
        Assert.Equal(InsertResult.Stored, await Another(old).InsertAsync(Delivery("one"), Stop));
        Assert.Equal(InsertResult.Duplicate, await Another(young).InsertAsync(Delivery("one"), Stop));
        Assert.Equal(InsertResult.Duplicate, await Store.InsertAsync(Delivery("two", body: "one"), Stop));
        Assert.Equal(InsertResult.DuplicateIdWithAnotherBody, await Another(old).InsertAsync(Delivery("one", body: "two"), Stop));
    }

    // ---- order

    [Fact]
    public async Task A_lane_is_worked_in_order_one_at_a_time_and_lanes_beside_each_other()
    {
        foreach (var (id, lane) in ((string, long)[])[("a1", 1), ("a2", 1), ("b1", 2), ("a3", 1)])
        {
            await Store.InsertAsync(Delivery(id, lane), Stop);
            await PassAsync(TimeSpan.FromMilliseconds(2));
        }
        var (first, second) = (await ClaimedAsync(), await ClaimedAsync());
        Assert.Equal(("a1", "b1"), (first.DeliveryId, second.DeliveryId));
        Assert.Null(await Store.ClaimAsync(Stop));
        Assert.True(await Store.FinishAsync(first, DeliveryState.Done, "", Stop));
        var third = await ClaimedAsync();
        Assert.Equal("a2", third.DeliveryId);
        Assert.Null(await Store.ClaimAsync(Stop));
        await Store.FinishAsync(third, DeliveryState.Done, "", Stop);
        await Store.FinishAsync(second, DeliveryState.Done, "", Stop);
        Assert.Equal("a3", (await ClaimedAsync()).DeliveryId);
    }

    [Fact]
    public async Task The_default_branch_has_a_head_start_of_five_minutes()
    {
        await Store.InsertAsync(Delivery("old merge request", lane: 1), Stop);
        await PassAsync(TimeSpan.FromMinutes(4));
        await Store.InsertAsync(Delivery("merge request", lane: 2), Stop);
        await PassAsync(TimeSpan.FromMinutes(2));
        await Store.InsertAsync(Delivery("same lane", lane: 3), Stop);
        await Store.InsertAsync(Delivery("default branch", lane: 3, isOfDefaultBranch: true), Stop);
        string[] order = [(await ClaimedAsync()).DeliveryId, (await ClaimedAsync()).DeliveryId, (await ClaimedAsync()).DeliveryId];
        Assert.Equal(["old merge request", "default branch", "merge request"], order);
    }

    [Fact]
    public async Task A_repository_with_thousands_of_waiting_deliveries_does_not_hold_up_another()
    {
        foreach (var some in Enumerable.Range(0, 10_000).Chunk(2_000))
            await Task.WhenAll(some.Select(number => Store.InsertAsync(Delivery($"flood-{number}", lane: 1, isOfDefaultBranch: number % 2 == 0), Stop)));
        var inHand = await ClaimedAsync();
        await PassAsync(TimeSpan.FromMinutes(1));
        await Store.InsertAsync(Delivery("quiet", lane: 2), Stop);
        await PassAsync(TimeSpan.FromSeconds(1));
        // Even with one worker: what it has in hand, then the quiet one.
        await Store.FinishAsync(inHand, DeliveryState.Done, "", Stop);
        Assert.Equal("quiet", (await ClaimedAsync()).DeliveryId);
        Assert.StartsWith("flood-", (await ClaimedAsync()).DeliveryId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lanes_take_turns()
    {
        for (var number = 0; number < 4; number++)
            await Store.InsertAsync(Delivery($"a{number}", lane: 1), Stop);
        for (var number = 0; number < 4; number++)
            await Store.InsertAsync(Delivery($"b{number}", lane: 2), Stop);
        var order = new List<string>();
        while (await Store.ClaimAsync(Stop) is { } claim)
        {
            order.Add(claim.DeliveryId);
            await PassAsync(TimeSpan.FromSeconds(1));
            await Store.FinishAsync(claim, DeliveryState.Done, "", Stop);
        }
        Assert.Equal(["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3"], order);
    }

    // ---- waiting

    [Fact]
    public async Task What_waits_for_its_next_try_does_not_hold_its_lane_up()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        await Store.InsertAsync(Delivery("two"), Stop);
        Assert.True(await Store.PostponeAsync(await ClaimedAsync(), Now + TimeSpan.FromMinutes(2), "the forge is away", countsAsTry: true, Stop));
        var two = await ClaimedAsync();
        Assert.Equal("two", two.DeliveryId);
        Assert.Null(await Store.ClaimAsync(Stop));
        await Store.FinishAsync(two, DeliveryState.Done, "", Stop);
        Assert.Null(await Store.ClaimAsync(Stop));
        Assert.Equal(("one", "the forge is away"), (await RowsAsync(DeliveryState.Waiting)).Select(row => (row.Id, row.Result)).Single());

        await PassAsync(TimeSpan.FromMinutes(3));
        await Store.InsertAsync(Delivery("three"), Stop);
        var again = await ClaimedAsync();
        Assert.Equal(("one", 1), (again.DeliveryId, again.Tries));
        Assert.True(await Store.PostponeAsync(again, Now + TimeSpan.FromSeconds(10), "not a try", countsAsTry: false, Stop));
        var three = await ClaimedAsync();
        Assert.Equal("three", three.DeliveryId);
        await Store.FinishAsync(three, DeliveryState.Done, "", Stop);
        await PassAsync(TimeSpan.FromSeconds(20));
        var last = await ClaimedAsync();
        Assert.Equal(("one", 1), (last.DeliveryId, last.Tries));
    }

    [Fact]
    public async Task More_than_one_claim_wakes_at_once_are_all_worked()
    {
        for (var number = 0; number < 250; number++)
        {
            await Store.InsertAsync(Delivery($"id-{number}", lane: number), Stop);
            await Store.PostponeAsync(await ClaimedAsync(), Now + TimeSpan.FromMinutes(1), "later", countsAsTry: true, Stop);
        }
        Assert.Null(await Store.ClaimAsync(Stop));
        await PassAsync(TimeSpan.FromMinutes(2));
        var claimed = new HashSet<string>(StringComparer.Ordinal);
        while (await Store.ClaimAsync(Stop) is { } claim)
            claimed.Add(claim.DeliveryId);
        Assert.Equal(250, claimed.Count);
    }

    [Fact]
    public async Task It_says_when_there_is_something_to_claim()
    {
        Assert.Null(await Store.NextDueAsync(Stop));
        await Store.InsertAsync(Delivery("one"), Stop);
        Assert.InRange((await Store.NextDueAsync(Stop))!.Value, Now - TimeSpan.FromSeconds(10), Now + TimeSpan.FromSeconds(1));
        var claim = await ClaimedAsync();
        Assert.InRange((await Store.NextDueAsync(Stop))!.Value, Now + TimeSpan.FromSeconds(20), Now + TimeSpan.FromSeconds(31));
        await Store.PostponeAsync(claim, Now + TimeSpan.FromHours(1), "later", countsAsTry: false, Stop);
        Assert.InRange((await Store.NextDueAsync(Stop))!.Value, Now + TimeSpan.FromMinutes(59), Now + TimeSpan.FromMinutes(61));
        await PassAsync(TimeSpan.FromHours(2));
        await Store.FinishAsync(await ClaimedAsync(), DeliveryState.Done, "", Stop);
        Assert.Null(await Store.NextDueAsync(Stop));
    }

    // ---- leases

    [Fact]
    public async Task What_a_dead_worker_held_is_taken_over_and_the_dead_one_is_refused_when_it_wakes()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        var dead = await ClaimedAsync();
        var ledger = Store.Ledger(dead);
        var attempt = await ledger.SaveAsync(Attempt("github:7"), Stop);
        Assert.IsType<EffectState.New>(await ledger.BeginEffectAsync("begun", Stop));
        await PassAsync(TimeSpan.FromSeconds(29));
        Assert.Null(await Store.ClaimAsync(Stop));
        await PassAsync(TimeSpan.FromSeconds(2));
        var taken = (await Another().ClaimAsync(Stop))!;
        Assert.Equal(("one", 0), (taken.DeliveryId, taken.Tries));
        Assert.True(taken.Fence > dead.Fence);

        Assert.False(await Store.RenewAsync(dead, Stop));
        Assert.False(await Store.PostponeAsync(dead, Now, "", countsAsTry: true, Stop));
        Assert.False(await Store.FinishAsync(dead, DeliveryState.Dead, "", Stop));
        await Assert.ThrowsAsync<LeaseLostException>(() => ledger.SaveAsync(attempt with { Summary = "late" }, Stop));
        await Assert.ThrowsAsync<LeaseLostException>(() => ledger.BeginEffectAsync("late", Stop));
        await Assert.ThrowsAsync<LeaseLostException>(() => ledger.CompleteEffectAsync("begun", "late", Stop));
        await Assert.ThrowsAsync<LeaseLostException>(() => ledger.AbandonEffectAsync("begun", Stop));

        Assert.IsType<EffectState.Begun>(await Store.Ledger(taken).BeginEffectAsync("begun", Stop));
        Assert.True(await Store.FinishAsync(taken, DeliveryState.Done, "by the second", Stop));
        Assert.Equal("by the second", Assert.Single(await RowsAsync()).Result);
        Assert.Equal("", Assert.Single(await Store.AttemptsAsync("github:7", Stop)).Summary);
    }

    [Fact]
    public async Task A_lease_that_is_renewed_is_not_taken()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        var claim = await ClaimedAsync();
        for (var round = 0; round < 3; round++)
        {
            await PassAsync(TimeSpan.FromSeconds(20));
            Assert.True(await Store.RenewAsync(claim, Stop));
            Assert.Null(await Store.ClaimAsync(Stop));
        }
        Assert.True(await Store.FinishAsync(claim, DeliveryState.Done, "", Stop));
    }

    [Fact]
    public async Task One_look_claims_the_first_delivery_of_as_many_lanes_as_there_is_room_for()
    {
        Assert.Equivalent(new Claimed([], null), await Store.ClaimAsync(3, Stop), strict: true);
        foreach (var (id, lane) in new (string, long)[] { ("a1", 1), ("a2", 1), ("b1", 2), ("c1", 3) })
        {
            await Store.InsertAsync(Delivery(id, lane), Stop);
            await PassAsync(TimeSpan.FromSeconds(1));
        }
        Assert.Empty((await Store.ClaimAsync(0, Stop)).Claims);
        var two = (await Store.ClaimAsync(2, Stop)).Claims;
        Assert.Equal(["a1", "b1"], two.Select(claim => claim.DeliveryId));
        Assert.Equal([Body("a1"), Body("b1")], two.Select(claim => claim.Body.ToArray()));
        var rest = await Store.ClaimAsync(5, Stop);
        Assert.Equal("c1", Assert.Single(rest.Claims).DeliveryId);
        Assert.InRange(rest.NextDue!.Value, Now + TimeSpan.FromSeconds(20), Now + TimeSpan.FromSeconds(31));
        Assert.Empty((await Another().ClaimAsync(5, Stop)).Claims);
        foreach (var claim in two)
            Assert.True(await Store.FinishAsync(claim, DeliveryState.Done, "", Stop));
        Assert.Equal("a2", Assert.Single((await Store.ClaimAsync(5, Stop)).Claims).DeliveryId);
    }

    [Fact]
    public async Task What_cannot_be_read_hides_nothing_that_is_claimed_with_it()
    {
        var lost = Another(RandomNumberGenerator.GetBytes(32));
        foreach (var (store, id, lane) in new (IStore, string, long)[] { (lost, "one", 1), (lost, "two", 2), (Store, "three", 3), (lost, "four", 4), (Store, "five", 5) })
        {
            await store.InsertAsync(Delivery(id, lane), Stop);
            await PassAsync(TimeSpan.FromSeconds(1));
        }
        var first = await Store.ClaimAsync(3, Stop);
        Assert.Equal("three", Assert.Single(first.Claims).DeliveryId);
        Assert.InRange(first.NextDue!.Value, Now - TimeSpan.FromMinutes(1), Now + TimeSpan.FromSeconds(1));
        Assert.Equal("five", Assert.Single((await Store.ClaimAsync(1, Stop)).Claims).DeliveryId);
        Assert.Empty((await Store.ClaimAsync(3, Stop)).Claims);
    }

    [Fact]
    public async Task A_slow_worker_whom_nobody_replaced_goes_on()
    {
        await Store.InsertAsync(Delivery("one", lane: 1), Stop);
        await Store.InsertAsync(Delivery("two", lane: 2), Stop);
        var slow = await ClaimedAsync();
        await PassAsync(TimeSpan.FromSeconds(31));
        Assert.Equal("two", (await ClaimedAsync()).DeliveryId);
        Assert.True(await Store.RenewAsync(slow, Stop));
        Assert.Null(await Store.ClaimAsync(Stop));
        Assert.True(await Store.FinishAsync(slow, DeliveryState.Done, "", Stop));
    }

    [Fact]
    public async Task A_claim_that_is_over_holds_nothing_even_when_its_renewal_comes_late()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        await Store.InsertAsync(Delivery("two"), Stop);
        var over = await ClaimedAsync();
        await Store.PostponeAsync(over, Now + TimeSpan.FromHours(1), "", countsAsTry: true, Stop);
        Assert.False(await Store.RenewAsync(over, Stop));
        Assert.False(await Store.FinishAsync(over, DeliveryState.Done, "", Stop));
        await Assert.ThrowsAsync<LeaseLostException>(() => Store.Ledger(over).BeginEffectAsync("late", Stop));
        var next = await ClaimedAsync();
        Assert.Equal("two", next.DeliveryId);
        Assert.True(next.Fence > over.Fence);
    }

    [Fact]
    public async Task Fences_of_a_lane_only_grow()
    {
        var last = 0L;
        for (var round = 0; round < 5; round++)
        {
            await Store.InsertAsync(Delivery($"id-{round}"), Stop);
            var claim = await ClaimedAsync();
            Assert.True(claim.Fence > last);
            last = claim.Fence;
            await Store.FinishAsync(claim, DeliveryState.Done, "", Stop);
        }
    }

    // ---- secrets of single webhooks

    [Fact]
    public async Task What_a_webhook_proves_itself_by_is_kept_changed_and_removed_and_each_of_it_shows()
    {
        var (hooks, time) = (Store.Hooks, DateTimeOffset.FromUnixTimeMilliseconds(1_800_000_000_000));
        var row = new HookRow(new HookOwner(ForgeKind.GitLab, IsGroup: false, 7), "acme/app", [1, 2], time, null);
        var group = row with { Owner = row.Owner with { IsGroup = true }, Path = "acme", OldUntil = null, WeakerUntil = time };
        var version = await hooks.VersionAsync(Stop);
        async Task AssertKeptAsync(params HookRow[] wanted)
        {
            Assert.NotEqual(version, version = await hooks.VersionAsync(Stop));
            Assert.Equal(wanted.Select(Written), (await Another().Hooks.AllAsync(Stop)).Select(Written));
        }
        await hooks.SaveAsync(row, Stop);
        await AssertKeptAsync(row);
        await hooks.SaveAsync(group, Stop);
        await AssertKeptAsync(group, row);
        await hooks.SaveAsync(row = row with { Sealed = [3], OldUntil = null }, Stop);
        await AssertKeptAsync(group, row);
        await hooks.RemoveAsync(group.Owner, Stop);
        await AssertKeptAsync(row);
        await hooks.SealAgainAsync(row with { Sealed = [1, 2] }, [4], Stop);
        Assert.Equal([3], (await hooks.FindAsync(row.Owner, Stop))!.Sealed);
        await hooks.SealAgainAsync(row, [4], Stop);
        Assert.Equal([4], (await hooks.FindAsync(row.Owner, Stop))!.Sealed);
        await Store.Sweeps.ForgetAsync(new Repository(ForgeKind.GitLab, 7, "acme/app", "main"), Stop);
        await AssertKeptAsync();

        static string Written(HookRow row) => $"{row.Owner} {row.Path} {Convert.ToHexString(row.Sealed)} {row.OldUntil:O} {row.WeakerUntil:O}";
    }

    // ---- flakes

    [Fact]
    public async Task The_end_of_a_retry_is_counted_with_its_attempt_or_not_at_all()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        var claim = await ClaimedAsync();
        var ledger = Store.Ledger(claim);
        var attempt = await ledger.SaveAsync(Attempt("github:7"), Stop);
        Assert.Empty(await ledger.FlakesAsync("github:7", "test", ["", "a"], Stop));
        attempt = await ledger.SaveRetryEndAsync(attempt with { Summary = "one" }, [new("", true), new("a", true)], Stop);
        attempt = await ledger.SaveRetryEndAsync(attempt with { Summary = "two", UpdatedAt = Now + TimeSpan.FromHours(1) }, [new("", false), new("a", null), new("b", false)], Stop);
        Assert.Equal(
            [new Flake("test", "", 2, 1, 1, Whole(Now + TimeSpan.FromHours(1))), new Flake("test", "a", 2, 1, 0, Whole(Now + TimeSpan.FromHours(1))), new Flake("test", "b", 1, 0, 1, Whole(Now + TimeSpan.FromHours(1)))],
            from flake in await ledger.FlakesAsync("github:7", "test", ["", "a", "b", "c"], Stop) select flake with { LastSeenAt = Whole(flake.LastSeenAt) });
        Assert.Empty(await ledger.FlakesAsync("github:70", "test", ["", "a"], Stop));
        Assert.Empty(await ledger.FlakesAsync("github:7", "tests", ["", "a"], Stop));

        await PassAsync(TimeSpan.FromSeconds(31));
        await ClaimedAsync();
        await Assert.ThrowsAsync<LeaseLostException>(() => ledger.SaveRetryEndAsync(attempt with { Summary = "late" }, [new("", true)], Stop));
        Assert.Equal(("two", 2), (Assert.Single(await Store.AttemptsAsync("github:7", Stop)).Summary, Assert.Single(await ledger.FlakesAsync("github:7", "test", [""], Stop)).Retried));

        static DateTimeOffset Whole(DateTimeOffset time) => DateTimeOffset.FromUnixTimeSeconds(time.ToUnixTimeSeconds() / 60 * 60);
    }

    [Fact]
    public async Task A_repository_keeps_a_thousand_flakes_those_that_were_seen_last()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        var ledger = Store.Ledger(await ClaimedAsync());
        var (noisy, quiet) = (await ledger.SaveAsync(Attempt("github:7"), Stop), await ledger.SaveAsync(Attempt("github:8"), Stop));
        await ledger.SaveRetryEndAsync(quiet with { UpdatedAt = Now - TimeSpan.FromDays(5) }, [new("quiet", true)], Stop);
        for (var round = 0; round < 60; round++)
            await ledger.SaveRetryEndAsync(noisy with { UpdatedAt = Now + TimeSpan.FromSeconds(round) }, [.. Enumerable.Range(0, 20).Select(number => new RetryEnd($"test {(round * 20) + number}", true))], Stop);
        Assert.Empty(await ledger.FlakesAsync("github:7", "test", [.. Enumerable.Range(0, 200).Select(number => $"test {number}")], Stop));
        Assert.Equal(1_000, (await ledger.FlakesAsync("github:7", "test", [.. Enumerable.Range(200, 1_000).Select(number => $"test {number}")], Stop)).Count);
        Assert.Single(await ledger.FlakesAsync("github:8", "test", ["quiet"], Stop));
    }

    [Fact]
    public async Task Flakes_that_were_not_seen_for_long_go_with_old_deliveries()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        var ledger = Store.Ledger(await ClaimedAsync());
        var attempt = await ledger.SaveAsync(Attempt("github:7"), Stop);
        await ledger.SaveRetryEndAsync(attempt with { UpdatedAt = Now - TimeSpan.FromDays(31) }, [new("old", true), new("both", true)], Stop);
        await ledger.SaveRetryEndAsync(attempt, [new("young", true), new("both", true)], Stop);
        Assert.Equal(0, await Store.RemoveFinishedAsync(Now - TimeSpan.FromDays(30), Stop));
        Assert.Equal([("young", 1), ("both", 2)], from flake in await ledger.FlakesAsync("github:7", "test", ["old", "young", "both"], Stop) select (flake.TestName, flake.Passed));
    }

    // ---- again, and away

    [Fact]
    public async Task Only_what_is_finished_can_be_made_to_work_again()
    {
        await Store.InsertAsync(Delivery("one"), Stop);
        var claim = await ClaimedAsync();
        Assert.False(await Store.RequeueAsync(claim.Sequence, Stop));
        await Store.FinishAsync(claim, DeliveryState.Dead, "given up", Stop);
        Assert.Null(await Store.ClaimAsync(Stop));
        Assert.True(await Store.RequeueAsync(claim.Sequence, Stop));
        Assert.False(await Store.RequeueAsync(claim.Sequence, Stop));
        Assert.False(await Store.RequeueAsync(claim.Sequence + 1, Stop));
        var again = await ClaimedAsync();
        Assert.Equal(("one", 0), (again.DeliveryId, again.Tries));
        Assert.Null(Assert.Single(await RowsAsync()).Result);
    }

    [Fact]
    public async Task Old_finished_deliveries_are_removed_and_what_was_done_about_them_is_kept()
    {
        await Task.WhenAll(Enumerable.Range(0, 620).Select(number => Store.InsertAsync(Delivery($"old-{number}", lane: number), Stop)));
        for (var number = 0; number < 619; number++)
        {
            var claim = await ClaimedAsync();
            if (number == 0)
            {
                await Store.Ledger(claim).SaveAsync(Attempt("github:7"), Stop);
                await Store.Ledger(claim).BeginEffectAsync("effect", Stop);
                await Store.Ledger(claim).CompleteEffectAsync("effect", "done", Stop);
            }
            await Store.FinishAsync(claim, number % 2 == 0 ? DeliveryState.Done : DeliveryState.Dead, "", Stop);
        }
        await PassAsync(TimeSpan.FromDays(9));
        await Store.InsertAsync(Delivery("young", lane: -1), Stop);
        Assert.Equal(0, await Store.RemoveFinishedAsync(Now - TimeSpan.FromDays(10), Stop));
        var removed = 0;
        for (var step = -1; step != 0; removed += step)
            Assert.InRange(step = await Store.RemoveFinishedAsync(Now - TimeSpan.FromDays(8), Stop), 0, 1_000);
        Assert.Equal(619, removed);
        var left = await RowsAsync();
        Assert.Equal((2, "young"), (left.Count, left[^1].Id));
        Assert.Single(await Store.AttemptsAsync("github:7", Stop));
        Assert.IsType<EffectState.Done>(await Store.Ledger(await ClaimedAsync()).BeginEffectAsync("effect", Stop));
    }

    [Fact]
    public async Task All_that_is_stored_about_a_repository_can_be_forgotten_and_nothing_about_another()
    {
        foreach (var lane in (long[])[7, 70])
        {
            await Store.InsertAsync(Delivery($"done-{lane}", lane), Stop);
            var claim = await ClaimedAsync();
            await Store.Ledger(claim).SaveRetryEndAsync(await Store.Ledger(claim).SaveAsync(Attempt($"github:{lane}"), Stop), [new RetryEnd("a", HasPassed: true)], Stop);
            await Store.Ledger(claim).BeginEffectAsync($"offer:github:{lane}:branch", Stop);
            await Store.Ledger(claim).CompleteEffectAsync($"offer:github:{lane}:branch", "done", Stop);
            await Store.FinishAsync(claim, DeliveryState.Done, "", Stop);
        }
        await Task.WhenAll(Enumerable.Range(0, 450).Select(number => Store.InsertAsync(Delivery($"many-{number}"), Stop)));
        await Store.InsertAsync(Delivery("of the other", lane: 70), Stop);
        await Store.Sweeps.NoticeAsync(Stop);
        await Store.Sweeps.SetAsync("history:github:7:1", 1, Stop);
        await Store.Sweeps.SetAsync("history:github:70:1", 1, Stop);
        Claim[] inHand = [await ClaimedAsync(), await ClaimedAsync()];
        var ofIt = Assert.Single(inHand, claim => claim.Lane == "github:7");
        var ofTheOther = Assert.Single(inHand, claim => claim.Lane == "github:70");

        Assert.Equal(451, await Store.Sweeps.ForgetAsync(new Repository(ForgeKind.GitHub, 7, "acme/app-7", ""), Stop));
        Assert.Equal(["done-70", "of the other"], from row in await RowsAsync() select row.Id);
        Assert.Empty(await Store.AttemptsAsync("github:7", Stop));
        Assert.Single(await Store.AttemptsAsync("github:70", Stop));
        Assert.Empty(await Store.Ledger(ofTheOther).FlakesAsync("github:7", "test", ["a"], Stop));
        Assert.Single(await Store.Ledger(ofTheOther).FlakesAsync("github:70", "test", ["a"], Stop));
        Assert.Equal([70], (await Store.Sweeps.RepositoriesAsync(ForgeKind.GitHub, Stop)).Select(known => known.Repository.Id));
        Assert.Equal(["history:github:70:1"], (await Store.Sweeps.MarksAsync("history:", Stop)).Keys);

        // What is being done about it ends; its lane is as good as any other when something comes again.
        Assert.False(await Store.RenewAsync(ofIt, Stop));
        Assert.False(await Store.FinishAsync(ofIt, DeliveryState.Done, "", Stop));
        await Assert.ThrowsAsync<LeaseLostException>(() => Store.Ledger(ofIt).BeginEffectAsync("late", Stop));
        Assert.IsType<EffectState.Done>(await Store.Ledger(ofTheOther).BeginEffectAsync("offer:github:70:branch", Stop));
        Assert.IsType<EffectState.New>(await Store.Ledger(ofTheOther).BeginEffectAsync("offer:github:7:branch", Stop));
        Assert.True(await Store.FinishAsync(ofTheOther, DeliveryState.Done, "", Stop));
        Assert.Null(await Store.ClaimAsync(Stop));
        await Store.InsertAsync(Delivery("new"), Stop);
        Assert.Equal("new", (await ClaimedAsync()).DeliveryId);
        Assert.Empty(await Store.CheckAsync(Stop));
    }

    // ---- many at once

    [Fact]
    public async Task Two_processes_never_work_one_lane_at_the_same_time_and_work_everything_once()
    {
        const int lanes = 12;
        const int deliveries = 600;
        IStore[] processes = [Store, Another()];
        var (holders, worked, told) = (new int[lanes], new ConcurrentBag<string>(), new ConcurrentQueue<string>());
        var storing = Task.WhenAll(Enumerable.Range(0, deliveries).Select(number => processes[number % 2].InsertAsync(Delivery($"id-{number}", lane: number % lanes), Stop)));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(async () =>
        {
            var store = processes[worker % 2];
            while (worked.Count < deliveries)
            {
                if (await store.ClaimAsync(Stop) is not { } claim)
                {
                    await Task.Yield();
                    continue;
                }
                var lane = int.Parse(claim.Lane["github:".Length..], System.Globalization.CultureInfo.InvariantCulture);
                if (Interlocked.Increment(ref holders[lane]) != 1)
                    told.Enqueue($"{claim.Lane} was held twice");
                await store.Ledger(claim).BeginEffectAsync(claim.DeliveryId, Stop);
                Interlocked.Decrement(ref holders[lane]);
                if (worker == 3 && claim.Sequence % 7 == 0 && claim.Tries == 0)
                {
                    await store.PostponeAsync(claim, Now, "again", countsAsTry: true, Stop);
                    continue;
                }
                if (!await store.FinishAsync(claim, DeliveryState.Done, "", Stop))
                    told.Enqueue($"{claim.DeliveryId} was lost");
                worked.Add(claim.DeliveryId);
            }
        }, Stop)));
        await storing;
        Assert.Empty(told);
        Assert.Equal(deliveries, worked.Distinct(StringComparer.Ordinal).Count());
        Assert.Null(await Store.NextDueAsync(Stop));
        Assert.All(await RowsAsync(), row => Assert.Equal(DeliveryState.Done, row.State));
    }

    [Fact]
    public async Task Receivers_that_store_for_the_same_lanes_in_any_order_do_not_block_each_other()
    {
        IStore[] receivers = [Store, Another(), Another()];
        var random = new Random(7);
        var results = await Task.WhenAll(receivers.SelectMany((receiver, which) =>
            Enumerable.Range(0, 1_500).OrderBy(_ => random.Next()).Select(number => receiver.InsertAsync(Delivery($"{(number % 10 == 0 ? 0 : which)}-{number}", lane: number % 97), Stop)).ToList()));
        Assert.Equal(1_500 + (2 * 1_350), results.Count(result => result == InsertResult.Stored));
        Assert.Equal(300, results.Count(result => result == InsertResult.Duplicate));
        Assert.Equal(4_200, (await RowsAsync()).Count);
    }

    // ---- words

    protected async Task<Claim> ClaimedAsync() => await Store.ClaimAsync(Stop) ?? throw new InvalidOperationException("There was nothing to claim.");

    protected ValueTask<List<DeliveryRow>> RowsAsync(DeliveryState? state = null, DateTimeOffset? since = null) => Store.ListAsync(state, since, Stop).ToListAsync(Stop);

    protected NewDelivery Delivery(string id, long lane = 7, string? body = null, ForgeKind forge = ForgeKind.GitHub, bool isOfDefaultBranch = false) => new(
        forge, new Envelope(id, "push", lane, $"acme/app-{lane}", IsPing: false, isOfDefaultBranch), new Dictionary<string, string>(StringComparer.Ordinal) { ["X-GitHub-Delivery"] = id }, Body(body ?? id), Now);

    private static byte[] Body(string text) => Encoding.UTF8.GetBytes($$"""{"text":"{{text}}"}""");

    protected Attempt Attempt(string repository) => new(
        0, repository, "main", CommitSha.Parse(new string('1', 40)), "signature", "a-failure", 1, 1, null, "test", 1, AttemptState.Explained, null, null, null, null, null, null, "{}", "", Now, Now);
}
