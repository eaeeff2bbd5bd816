using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Reelseal.Tokens;

/// <summary>The token issuer's keys, found by OpenID Connect Discovery 1.0, kept, and fetched again when they are old or a token names one that is not among them.</summary>
/// <remarks>
/// One fetch at a time serves all who wait for it, and fetches keep a distance: nobody can make us hammer the issuer by sending made-up key ids.
/// The library's ConfigurationManager lets waiters queue, each for a whole timeout, and refreshes no sooner than five minutes after the last time.
/// </remarks>
/// <param name="issuer">The issuer, exactly as tokens name it.</param>
/// <param name="timeout">How long a fetch may take, and with it everybody who waits for one.</param>
/// <param name="clock">The present time.</param>
/// <param name="http">Fetches.</param>
/// <param name="logger">Is told of fetches that fail: while the keys at hand are still good, nobody else would be.</param>
internal sealed class IssuerKeys(string issuer, TimeSpan timeout, TimeProvider clock, HttpClient http, ILogger logger)
{
    /// <summary>After this the keys are fetched again, by the way: a key that the issuer has withdrawn is trusted for so long.</summary>
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromMinutes(5);

    /// <summary>Keys that the issuer has not confirmed for so long are no longer trusted.</summary>
    public static readonly TimeSpan TrustFor = TimeSpan.FromHours(24);

    /// <summary>The distance of a fetch to one that succeeded, and to one that failed.</summary>
    public static readonly TimeSpan PauseAfterSuccess = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private const int LongestDocument = 1024 * 1024; // bytes

    private readonly Lock _gate = new();
    private State _state = new(Keys: null, Confirmed: TimeSpan.Zero, NotBefore: TimeSpan.MinValue, Failure: null);
    private Task? _fetch;

    /// <summary>A time that runs evenly also when the clock is set.</summary>
    private TimeSpan Now => clock.GetElapsedTime(0);

    /// <summary>The keys as far as they are known; also sees to it that they stay fresh. Null when there are none that may be trusted.</summary>
    public KeySet? Known
    {
        get
        {
            var (state, now) = (_state, Now);
            if (state.Keys is null || now >= state.Confirmed + TrustFor)
                return null;
            if (now >= state.Confirmed + RefreshAfter)
                _ = FetchUnlessTooSoon(now); // nobody waits for it; how it went is in the state
            return state.Keys;
        }
    }

    /// <summary>The keys, fetched if need be, among which a certain one should be.</summary>
    /// <exception cref="UpstreamException">The key is not known, and the issuer could not be asked.</exception>
    public async ValueTask<KeySet> FindAsync(string algorithm, string? id, CancellationToken cancellationToken)
    {
        if (Known is { } known && known.Find(algorithm, id).Any())
            return known;
        if (FetchUnlessTooSoon(Now) is { } fetch)
            await fetch.WaitAsync(cancellationToken);
        var state = _state;
        return state.Failure is null ? state.Keys!
            : throw Unavailable(state.Failure);
    }

    /// <summary>Asks the issuer, unless that was done a moment ago, and tells how it went.</summary>
    /// <exception cref="UpstreamException">Its keys are not to be had.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        if (FetchUnlessTooSoon(Now) is { } fetch)
            await fetch.WaitAsync(cancellationToken);
        if (_state.Failure is { } failure)
            throw Unavailable(failure);
    }

    private static UpstreamException Unavailable(Exception failure) =>
        new("The token issuer's keys are not to be had right now.", failure is OperationCanceledException, failure, UpstreamException.TokenIssuer);

    private Task? FetchUnlessTooSoon(TimeSpan now)
    {
        lock (_gate)
        {
            if (_fetch is null && now >= _state.NotBefore)
                _fetch = Task.Run(FetchAsync);
            return _fetch;
        }
    }

    /// <summary>Fetches the keys; never throws.</summary>
    private async Task FetchAsync()
    {
        var state = _state;
        try
        {
            using var limit = new CancellationTokenSource(timeout);
            var json = await FetchKeySetAsync(limit.Token);
            var keys = json == state.Keys?.Json ? state.Keys : new KeySet(json);
            state = new(keys, Now, Now + PauseAfterSuccess, Failure: null);
        }
        catch (Exception e) // whatever an issuer may do to us, those who wait must hear of it, and the next fetch must be possible
        {
            logger.LogWarning("The token issuer's keys could not be fetched: {Failure}: {Reason}", e.GetType().Name, e.Message);
            state = state with { NotBefore = Now + PauseAfterFailure, Failure = e };
        }
        lock (_gate)
        {
            _state = state;
            _fetch = null;
        }
    }

    private async Task<string> FetchKeySetAsync(CancellationToken cancellationToken)
    {
        using var discovery = JsonDocument.Parse(await FetchTextAsync(new(issuer.TrimEnd('/') + "/.well-known/openid-configuration"), cancellationToken));
        // Otherwise whoever can make us read another's document could vouch for this issuer (OpenID Connect Discovery 1.0, section 4.3).
        if (discovery.RootElement.ValueKind != JsonValueKind.Object || discovery.RootElement.Text("issuer") != issuer)
            throw new JsonException("The discovery document is of another issuer.");
        if (!Uri.TryCreate(discovery.RootElement.Text("jwks_uri"), UriKind.Absolute, out var address) || !TokenOptions.IsSafe(address))
            throw new JsonException("The discovery document names no https address of the keys.");
        return await FetchTextAsync(address, cancellationToken);
    }

    private async Task<string> FetchTextAsync(Uri address, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[LongestDocument + 1];
        var length = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return length <= LongestDocument ? Encoding.UTF8.GetString(bytes, 0, length) : throw new InvalidDataException("The issuer's document is longer than 1 MiB.");
    }

    /// <param name="Keys">The last keys that were fetched.</param>
    /// <param name="Confirmed">When that was.</param>
    /// <param name="NotBefore">No fetch begins before.</param>
    /// <param name="Failure">Why the last fetch failed, or null.</param>
    private sealed record State(KeySet? Keys, TimeSpan Confirmed, TimeSpan NotBefore, Exception? Failure);
}
