using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Reelseal.Testing;

/// <summary>A recipe of docs/tokens.md: what to set for an issuer, and a token as that issuer signs it.</summary>
/// <param name="Name">The recipe's heading.</param>
/// <param name="Settings">Its settings.</param>
/// <param name="Payload">The token's claims.</param>
public sealed partial record IssuerRecipe(string Name, IReadOnlyDictionary<string, string> Settings, string Payload)
{
    /// <summary>The video that the tokens with a video claim are for.</summary>
    public const string Video = "3f0e0b52-6a33-4f0c-9a51-0c8a4a3c1a77";

    private static readonly Lazy<IReadOnlyList<IssuerRecipe>> s_all =
        new(() => [.. ReadAll(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "docs", "tokens.md")))]);

    public static IReadOnlyList<IssuerRecipe> All => s_all.Value;

    /// <summary>The issuer's name, as in <c>iss</c>.</summary>
    public string Issuer => Settings["TOKEN_ISSUER"];

    /// <summary>The claim that names videos.</summary>
    public string VideoClaim => Settings.GetValueOrDefault("TOKEN_VIDEO_CLAIM", "video");

    /// <summary>
    /// The claims at a present time, with <paramref name="issuer"/> in place of the documented one and <paramref name="scope"/> in place of <c>video:play</c>.
    /// </summary>
    public JsonObject PayloadAt(DateTimeOffset now, string issuer, string scope)
    {
        var payload = JsonNode.Parse(Payload.Replace("video:play", scope, StringComparison.Ordinal))!.AsObject();
        if ((string?)payload["iss"] != Issuer)
            throw new InvalidOperationException($"{Name}: iss is not TOKEN_ISSUER.");
        payload["iss"] = issuer;
        var elapsed = now.ToUnixTimeSeconds() - (long)payload["iat"]!;
        foreach (var time in (string[])["iat", "nbf", "exp", "auth_time"])
        {
            if (payload[time] is { } seconds)
                payload[time] = (long)seconds + elapsed;
        }
        return payload;
    }

    private static IEnumerable<IssuerRecipe> ReadAll(string markdown)
    {
        foreach (var section in markdown.Split("\n## ")[1..])
        {
            if (BlockOf(section, "json") is not { } payload || BlockOf(section, "sh") is not { } settings)
                continue;
            var lines = settings.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('=', 2));
            yield return new(section.Split('\n')[0], lines.ToDictionary(line => line[0], line => line[1], StringComparer.Ordinal), payload);
        }
    }

    private static string? BlockOf(string section, string language) =>
        Blocks().Matches(section).FirstOrDefault(block => block.Groups["language"].Value == language)?.Groups["text"].Value;

    [GeneratedRegex(@"^```(?<language>\w+)\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Blocks();
}
