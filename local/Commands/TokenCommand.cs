using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Reelseal.Local.Keys;

namespace Reelseal.Local.Commands;

/// <summary><c>token</c>: mints a token and prints it.</summary>
internal static class TokenCommand
{
    private static readonly Option<FileInfo> s_keyFile = new("--key-file")
    {
        Description = "The file with the shared key: the secret reelseal-token-key.",
        Required = true,
    };

    private static readonly Option<string[]> s_scopes = new("--scope")
    {
        Description = "One or more of video:play, video:download, video:share and video:ingest.",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<VideoId[]> s_videos = new("--video")
    {
        Description = "The videos that it is for; without any, all of them.",
        AllowMultipleArgumentsPerToken = true,
        CustomParser = ReadVideos,
    };

    private static readonly Option<TimeSpan> s_lifetime = new("--lifetime")
    {
        Description = "How long it is valid: 90s, 15m, 12h.",
        CustomParser = ReadDuration,
        DefaultValueFactory = _ => TimeSpan.FromMinutes(15),
    };

    private static readonly Option<DateTimeOffset?> s_until = new("--until")
    {
        Description = "Until when what it opens may be played, such as 2027-01-31T20:00:00Z.",
        CustomParser = ReadTime,
    };

    private static readonly Option<string?> s_id = new("--id") { Description = "The claim jti, by which the token can be revoked; a random one by default." };
    private static readonly Option<string?> s_subject = new("--subject") { Description = "The claim sub, by which all tokens of a user can be revoked." };
    private static readonly Option<string?> s_issuer = new("--issuer") { Description = "The claim iss, where the functions have a TOKEN_ISSUER." };

    private static readonly Option<string> s_audience = new("--audience")
    {
        Description = "The claim aud: the functions' TOKEN_AUDIENCE.",
        DefaultValueFactory = _ => "reelseal",
    };

    public static Command Create()
    {
        s_scopes.AcceptOnlyFromAmong(Tokens.Scopes.Play, Tokens.Scopes.Download, Tokens.Scopes.Share, Tokens.Scopes.Ingest);
        var command = new Command("token", "Mints a token for given scopes, videos and times.")
        {
            s_keyFile, s_scopes, s_videos, s_lifetime, s_until, s_id, s_subject, s_issuer, s_audience,
        };
        command.SetAction(Run);
        return command;
    }

    private static void Run(ParseResult arguments)
    {
        var key = File.ReadAllText(arguments.GetRequiredValue(s_keyFile).FullName).Trim();
        Console.WriteLine(new TokenMint(key, TimeProvider.System).Mint(new()
        {
            Scopes = arguments.GetRequiredValue(s_scopes),
            Videos = arguments.GetValue(s_videos) ?? [],
            Lifetime = arguments.GetValue(s_lifetime),
            Until = arguments.GetValue(s_until),
            Id = arguments.GetValue(s_id) ?? Guid.NewGuid().ToString(),
            Subject = arguments.GetValue(s_subject),
            Issuer = arguments.GetValue(s_issuer),
            Audience = arguments.GetValue(s_audience)!,
        }));
    }

    private static VideoId[] ReadVideos(ArgumentResult argument) => [.. argument.Tokens.Select(token => ReadVideo(argument, token.Value))];

    private static VideoId ReadVideo(ArgumentResult argument, string text)
    {
        if (!VideoId.TryParse(text, provider: null, out var video))
            argument.AddError($"{text} is not a video's id: a UUID in lower case with hyphens.");
        return video;
    }

    private static TimeSpan ReadDuration(ArgumentResult argument)
    {
        var settings = new Settings(_ => argument.Tokens[0].Value, secretsDirectory: "");
        var duration = settings.Duration("lifetime", TimeSpan.Zero);
        if (duration == TimeSpan.Zero)
            argument.AddError($"{argument.Tokens[0].Value} is not a duration such as 90s, 15m or 12h.");
        return duration;
    }

    private static DateTimeOffset? ReadTime(ArgumentResult argument)
    {
        if (DateTimeOffset.TryParse(argument.Tokens[0].Value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            return time;
        argument.AddError($"{argument.Tokens[0].Value} is not a time such as 2027-01-31T20:00:00Z.");
        return null;
    }
}
