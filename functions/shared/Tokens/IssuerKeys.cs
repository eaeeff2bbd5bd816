using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Reelseal.Tokens;

/// <summary>Finds the token issuer's keys by OpenID Connect Discovery 1.0, and keeps them while they are fresh and enough.</summary>
/// <remarks>
/// One fetch at a time serves everybody who waits for it, and fetches keep a distance: made-up key ids cannot make us hammer the issuer.
/// Why not the library's ConfigurationManager (8.23.0, read in its code): it trusts keys for ever while refreshing fails, whereas ours end after
/// <see cref="TrustFor"/>; its RequestRefresh returns before the fetch, so the first tokens signed with a new key are refused; and while it has no
/// keys, every waiting request fetches in turn, each for a whole timeout and without a pause after a failure.
/// </remarks>
/// <param name="issuer">The issuer, exactly as tokens name it.</param>
/// <param name="timeout">How long a fetch may take, and so the longest wait for one.</param>
/// <param name="clock">The present time.</param>
/// <param name="http">Fetches; its <see cref="HttpClient.MaxResponseContentBufferSize"/> bounds the documents.</param>
/// <param name="logger">Logs a fetch that fails: while the old keys are still trusted, nothing else would show it.</param>
internal sealed class IssuerKeys(string issuer, TimeSpan timeout, TimeProvider clock, HttpClient http, ILogger logger)
{
    /// <summary>The age at which keys are fetched again, in the background: a key that the issuer has withdrawn is trusted for so long.</summary>
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromMinutes(5);

    /// <summary>How long keys are trusted that the issuer has not confirmed.</summary>
    public static readonly TimeSpan TrustFor = TimeSpan.FromHours(24);

    /// <summary>The pause between a fetch that succeeded and the next.</summary>
    public static readonly TimeSpan PauseAfterSuccess = TimeSpan.FromSeconds(10);

    /// <summary>The pause between a fetch that failed and the next.</summary>
    public static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private State _state = new(Keys: null, Confirmed: TimeSpan.Zero, NotBefore: TimeSpan.MinValue, Failure: null);
    private Task? _fetch;

    /// <summary>A monotonic time, unaffected when the clock is set.</summary>
    private TimeSpan Now => clock.GetElapsedTime(0);

    /// <summary>The trusted keys at hand, or null when there are none; also starts a refresh when they are old.</summary>
    public KeySet? Known
    {
        get
        {
            var (state, now) = (_state, Now);
            if (state.Keys is null || now >= state.Confirmed + TrustFor)
                return null;
            if (now >= state.Confirmed + RefreshAfter)
                _ = FetchUnlessTooSoon(now); // nobody waits for it; the outcome is in the state
            return state.Keys;
        }
    }

    /// <summary>Returns the keys that should include a certain one, fetching them if it is not at hand.</summary>
    /// <exception cref="UpstreamException">The key is not known, and the issuer could not be asked.</exception>
    public async ValueTask<KeySet> FindAsync(string algorithm, string? id, CancellationToken cancellationToken)
    {
        if (Known is { } known && known.Find(algorithm, id).Any())
            return known;
        return await FetchAsync(cancellationToken);
    }

    /// <summary>Asks the issuer, unless that was done a moment ago, and reports whether its keys can be used.</summary>
    /// <exception cref="UpstreamException">They are unavailable, or none of them can check a token.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var keys = await FetchAsync(cancellationToken);
        if (keys.IsEmpty)
            throw new UpstreamException(NoUsableKey, timedOut: false, dependency: UpstreamException.TokenIssuer);
    }

    private static string NoUsableKey => "The token issuer publishes no key that can be used: it needs RSA of 2048 to 8192 bits, P-256, P-384 or P-521.";

    /// <summary>Asks the issuer, unless that was done a moment ago.</summary>
    /// <exception cref="UpstreamException">Its keys are unavailable.</exception>
    private async Task<KeySet> FetchAsync(CancellationToken cancellationToken)
    {
        if (FetchUnlessTooSoon(Now) is { } fetch)
            await fetch.WaitAsync(cancellationToken);
        var state = _state;
        if (state.Failure is not { } failure)
            return state.Keys!;
        var message = failure is WrongIssuerException ? failure.Message : "The token issuer's keys are unavailable right now.";
        throw new UpstreamException(message, failure is OperationCanceledException, failure, UpstreamException.TokenIssuer);
    }

    private Task? FetchUnlessTooSoon(TimeSpan now)
    {
        lock (_gate)
        {
            if (_fetch is null && now >= _state.NotBefore)
                _fetch = Task.Run(UpdateStateAsync);
            return _fetch;
        }
    }

    /// <summary>Fetches the keys; never throws.</summary>
    private async Task UpdateStateAsync()
    {
        var state = _state;
        try
        {
            using var limit = new CancellationTokenSource(timeout);
            var json = await FetchKeySetAsync(limit.Token);
            var keys = json.AsSpan().SequenceEqual(state.Keys?.Json) ? state.Keys! : new KeySet(json);
            if (keys.IsEmpty && keys != state.Keys)
                logger.LogWarning("{Problem}", NoUsableKey);
            if (state.Failure is not null)
                logger.LogInformation("The token issuer's keys are available again.");
            state = new(keys, Now, Now + PauseAfterSuccess, Failure: null);
        }
        catch (Exception e) // whatever an issuer does to us, those who wait must learn of it, and the next fetch must be possible
        {
            // Once, however long it lasts: each request that fails because of it is logged as well.
            if (e.Message != state.Failure?.Message)
            {
                var level = e is WrongIssuerException ? LogLevel.Error : LogLevel.Warning;
                logger.Log(level, "The token issuer's keys could not be fetched: {Failure}: {Reason}", e.GetType().Name, e.Message);
            }
            state = state with { NotBefore = Now + PauseAfterFailure, Failure = e };
        }
        lock (_gate)
        {
            _state = state;
            _fetch = null;
        }
    }

    private async Task<byte[]> FetchKeySetAsync(CancellationToken cancellationToken)
    {
        // A slash at the end is part of the issuer's name, but not doubled in the address (OpenID Connect Discovery 1.0, section 4.1).
        var address = new Uri(issuer.TrimEnd('/') + "/.well-known/openid-configuration");
        using var discovery = JsonDocument.Parse(await FetchDiscoveryAsync(address, cancellationToken));
        if (discovery.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("The discovery document is not a JSON object.");
        // Otherwise anyone who can make us read another's document could vouch for this issuer (section 4.3).
        if (discovery.RootElement.Text("issuer") is var found && found != issuer)
            throw WrongIssuerException.Mismatch(issuer, found);
        if (!Uri.TryCreate(discovery.RootElement.Text("jwks_uri"), UriKind.Absolute, out var keys) || !TokenOptions.IsSafe(keys))
            throw new JsonException("The discovery document has no https address in jwks_uri.");
        return await http.GetByteArrayAsync(keys, cancellationToken);
    }

    private async Task<byte[]> FetchDiscoveryAsync(Uri address, CancellationToken cancellationToken)
    {
        try
        {
            return await http.GetByteArrayAsync(address, cancellationToken);
        }
        catch (HttpRequestException e) when ((int?)e.StatusCode is 400 or 404 or 410)
        {
            throw new WrongIssuerException($"TOKEN_ISSUER is {issuer}, but {address} answers {(int)e.StatusCode!}: there is no issuer at that address.");
        }
    }

    /// <param name="Keys">The last keys that were fetched.</param>
    /// <param name="Confirmed">When that was.</param>
    /// <param name="NotBefore">The earliest time of the next fetch.</param>
    /// <param name="Failure">Why the last fetch failed, or null.</param>
    private sealed record State(KeySet? Keys, TimeSpan Confirmed, TimeSpan NotBefore, Exception? Failure);
}
