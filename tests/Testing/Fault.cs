namespace Reelseal.Testing;

/// <summary>What a <see cref="FaultProxy"/> does to a request or its answer. Faults can be combined.</summary>
public sealed record Fault
{
    /// <summary>How long the request waits before it is passed on.</summary>
    public TimeSpan Latency { get; init; }

    /// <summary>The request waits until this has completed; null for not at all.</summary>
    public Task? HeldUntil { get; init; }

    /// <summary>An answer in place of the server's, which never sees the request: a status, headers and a body.</summary>
    public FaultAnswer? Answer { get; init; }

    /// <summary>Both bodies flow no faster than this.</summary>
    public int? BytesPerSecond { get; init; }

    /// <summary>Resets the connection after this many bytes of the request's body.</summary>
    public long? CutRequestAfter { get; init; }

    /// <summary>Changes this byte of the request's body.</summary>
    public long? CorruptRequestAt { get; init; }

    /// <summary>The server processes the request, but the connection is reset instead of an answer.</summary>
    public bool LoseAnswer { get; init; }

    /// <summary>Resets the connection after this many bytes of the answer's body.</summary>
    public long? CutAnswerAfter { get; init; }

    /// <summary>Forwards this many bytes of the answer's body, then nothing more, with the connection open; -1 withholds the head as well.</summary>
    public long? StallAnswerAfter { get; init; }

    /// <summary>Changes this byte of the answer's body.</summary>
    public long? CorruptAnswerAt { get; init; }

    /// <summary>An error in S3's format (Amazon S3 API Reference, Error Responses).</summary>
    public static Fault S3Error(int status, string code) => new()
    {
        Answer = new(
            status, "application/xml",
            """<?xml version="1.0" encoding="UTF-8"?>"""
            + $"<Error><Code>{code}</Code><Message>Injected.</Message><RequestId>1</RequestId><HostId>1</HostId></Error>"),
    };
}

/// <summary>An answer that comes from the proxy itself.</summary>
public sealed record FaultAnswer(int Status, string ContentType, string Body);
