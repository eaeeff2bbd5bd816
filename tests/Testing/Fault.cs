namespace Reelseal.Testing;

/// <summary>What a <see cref="FaultProxy"/> does to a request or to its answer. Several at once are possible.</summary>
public sealed record Fault
{
    /// <summary>How long the request waits before it is passed on.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>An answer instead of the server's, which never sees the request: a status, headers and a body.</summary>
    public FaultAnswer? Answer { get; init; }

    /// <summary>Both bodies flow no faster than this.</summary>
    public int? BytesPerSecond { get; init; }

    /// <summary>Resets the connection when so much of the request's body has been passed on.</summary>
    public long? CutRequestAfter { get; init; }

    /// <summary>Changes this byte of the request's body.</summary>
    public long? CorruptRequestAt { get; init; }

    /// <summary>The server does the whole work, but instead of its answer the connection is reset.</summary>
    public bool LoseAnswer { get; init; }

    /// <summary>Resets the connection when so much of the answer's body has been passed on.</summary>
    public long? CutAnswerAfter { get; init; }

    /// <summary>Passes so much of the answer's body on, and then nothing more, with the connection open; -1 holds back the head as well.</summary>
    public long? StallAnswerAfter { get; init; }

    /// <summary>Changes this byte of the answer's body.</summary>
    public long? CorruptAnswerAt { get; init; }

    /// <summary>An error as S3 tells it (Amazon S3 API Reference, Error Responses).</summary>
    public static Fault S3Error(int status, string code) => new()
    {
        Answer = new(status, "application/xml", $"""<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>Injected.</Message><RequestId>1</RequestId><HostId>1</HostId></Error>"""),
    };
}

/// <summary>An answer that comes from the proxy itself.</summary>
public sealed record FaultAnswer(int Status, string ContentType, string Body);
