using System.Text.Json.Serialization;

namespace IngestVideo.Uploads;

/// <summary>Asks for an upload.</summary>
/// <param name="Size">The source's length in bytes.</param>
/// <param name="ContentType">What the sender takes it for. It is not believed: the content decides.</param>
public sealed record UploadRequest(long Size, string? ContentType);

/// <summary>An upload in parts, and what is still to be sent.</summary>
/// <param name="VideoId">The video's id, by which it is ingested later: <c>{"source":"uploads/{videoId}"}</c>.</param>
/// <param name="PartSize">The length in bytes of every part but the last.</param>
/// <param name="Parts">The parts to be sent, each with the address to PUT it to.</param>
/// <param name="Uploaded">The parts that are there.</param>
/// <param name="Expires">Until when the addresses are good.</param>
public sealed record UploadDocument(string VideoId, long PartSize, IReadOnlyList<PartToSend> Parts, IReadOnlyList<SentPart> Uploaded, DateTimeOffset Expires);

public sealed record PartToSend(int Number, Uri Url);

/// <summary>A part that was sent.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Etag">The <c>ETag</c> of the answer to it.</param>
public sealed record SentPart(int Number, string Etag);

/// <summary>Completes an upload.</summary>
/// <param name="Parts">All of its parts.</param>
public sealed record UploadCompletion(IReadOnlyList<SentPart> Parts);

/// <summary>What is ready to be ingested.</summary>
/// <param name="Source">The key of the source.</param>
public sealed record CompletedUpload(string Source);

/// <summary>Asks to ingest what was uploaded.</summary>
/// <param name="Source"><c>uploads/{videoId}</c>.</param>
/// <param name="Title">What to call it, or null.</param>
/// <param name="FileName">The name of the file, or null: the title where there is no other.</param>
/// <param name="Callback">Where to send the final status, or null.</param>
public sealed record IngestRequest(string Source, string? Title, string? FileName, string? Callback);

/// <summary>What is remembered of an upload: the object <c>uploads/{videoId}.json</c>.</summary>
internal sealed record UploadManifest(string Upload, long Size, long PartSize);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = false)]
[JsonSerializable(typeof(UploadRequest))]
[JsonSerializable(typeof(UploadDocument))]
[JsonSerializable(typeof(UploadCompletion))]
[JsonSerializable(typeof(CompletedUpload))]
[JsonSerializable(typeof(IngestRequest))]
[JsonSerializable(typeof(UploadManifest))]
internal sealed partial class UploadJson : JsonSerializerContext;
