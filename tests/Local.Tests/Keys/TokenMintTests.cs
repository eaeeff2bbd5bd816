using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Reelseal.Local.Keys;
using Reelseal.Tokens;

namespace Reelseal.Local.Tests.Keys;

public sealed class TokenMintTests
{
    private const string Key = "a key of thirty-two bytes or more";
    private static readonly VideoId s_video = VideoId.Parse("0b6f6f5c-8c6e-4a62-9f43-0d4f0c1b7a11", provider: null);

    [Fact]
    public async Task Says_what_was_asked_for()
    {
        var until = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 7200);
        var claims = await ValidateAsync(new()
        {
            Scopes = [Scopes.Play, Scopes.Ingest],
            Videos = [s_video],
            Lifetime = TimeSpan.FromMinutes(5),
            Until = until,
            Id = "1",
            Subject = "someone",
        });
        Assert.NotNull(claims);
        Assert.True(claims.Scopes.SetEquals([Scopes.Play, Scopes.Ingest]));
        Assert.Equal([s_video], claims.Videos!);
        Assert.Equal((until, "1", "someone"), (claims.Until, claims.Id, claims.Subject));
        Assert.InRange(claims.Expires, DateTimeOffset.UtcNow.AddMinutes(4), DateTimeOffset.UtcNow.AddMinutes(5));
    }

    [Fact]
    public async Task Is_for_several_videos_or_for_all()
    {
        var other = VideoId.New();
        var several = await ValidateAsync(new() { Scopes = [Scopes.Play], Videos = [s_video, other] });
        Assert.True(several!.Allows(s_video) && several.Allows(other) && !several.Allows(VideoId.New()));
        var all = await ValidateAsync(new() { Scopes = [Scopes.Play] });
        Assert.True(all!.Allows(VideoId.New()));
        Assert.Null(all.Until);
        Assert.NotEqual(all.Id, several.Id); // each can be revoked by itself
        Assert.True(Guid.TryParse(all.Id, out _));
    }

    [Fact]
    public void Refuses_a_key_that_is_too_short() => Assert.Throws<ArgumentException>(() => new TokenMint("too short", TimeProvider.System));

    private static async Task<TokenClaims?> ValidateAsync(TokenRequest request)
    {
        using var http = new HttpClient();
        var validator = new TokenValidator(new() { SharedKey = Encoding.UTF8.GetBytes(Key) }, TimeProvider.System, http, NullLogger<TokenValidator>.Instance);
        return await validator.ValidateAsync(new TokenMint(Key, TimeProvider.System).Mint(request), TestContext.Current.CancellationToken);
    }
}
