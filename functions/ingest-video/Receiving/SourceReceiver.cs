using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace IngestVideo.Receiving;

/// <summary>Writes the video of a request to disk as it comes in: the raw body, or the field <c>file</c> of a form.</summary>
public sealed class SourceReceiver(IngestOptions options)
{
    private const int BufferBytes = 128 * 1024;
    private const int LongestField = 4 * 1024;
    private const int MostFields = 100;

    /// <summary>The allowance of a form besides the video: headers, boundaries, other fields.</summary>
    private const int FormOverhead = 64 * 1024;

    /// <exception cref="IngestRefusedException">400, 408 or 413.</exception>
    public async Task<ReceivedSource> ReceiveAsync(HttpRequest request, Workspace workspace, CancellationToken cancellationToken)
    {
        // Both limits are ours here: the size is counted, and a slow sender is accepted as long as it does not stall.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        if (request.HttpContext.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;

        var form = MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            && type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase);
        var most = options.MaxUploadBytes + (form ? FormOverhead : 0);
        if (request.ContentLength > most)
            throw IngestRefusedException.TooLarge(options.MaxUploadBytes);
        await using var body = new UploadStream(request.Body, most, options.UploadIdleTimeout);
        if (form)
            return await ReceiveFormAsync(body, type!, workspace, cancellationToken);

        await SaveAsync(body, workspace.Source, cancellationToken);
        return new(
            ReceivedSource.CleanTitle(request.Query["title"]), ReceivedSource.TitleOfFile(FileName(request.Headers.ContentDisposition)), Callback: null);
    }

    private async Task<ReceivedSource> ReceiveFormAsync(UploadStream body, MediaTypeHeaderValue type, Workspace workspace, CancellationToken cancellationToken)
    {
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary).Value;
        if (boundary is null or "" or { Length: > 200 })
            throw IngestRefusedException.Malformed("The form has no usable boundary in its Content-Type.");
        string? title = null, fileName = null, callback = null;
        var received = false;
        try
        {
            var reader = new MultipartReader(boundary, body, BufferBytes);
            for (var fields = 1; await reader.ReadNextSectionAsync(cancellationToken) is { } section; fields++)
            {
                if (fields > MostFields)
                    throw IngestRefusedException.Malformed($"The form has more than {MostFields} fields.");
                if (!ContentDispositionHeaderValue.TryParse(section.ContentDisposition, out var disposition))
                    continue;
                switch (HeaderUtilities.RemoveQuotes(disposition.Name).Value)
                {
                    case "file" when received:
                        throw IngestRefusedException.Malformed("The form has more than one field named file: send one video at a time.");
                    case "file":
                        fileName = FileName(section.ContentDisposition);
                        await SaveAsync(section.Body, workspace.Source, cancellationToken);
                        received = true;
                        break;
                    case "title":
                        title = await ReadFieldAsync(section.Body, cancellationToken);
                        break;
                    case "callback":
                        callback = await ReadFieldAsync(section.Body, cancellationToken);
                        break;
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException && !Workspace.IsFull(e))
        {
            throw new IngestRefusedException(
                StatusCodes.Status400BadRequest, "The form is malformed: it ends before its closing boundary, or a part of it has no proper headers.", e);
        }
        if (!received)
            throw IngestRefusedException.Malformed("The form has no field named file.");
        return new(ReceivedSource.CleanTitle(title), ReceivedSource.TitleOfFile(fileName), callback);
    }

    private async Task SaveAsync(Stream from, string path, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read, FileOptions.Asynchronous);
        long written = 0;
        // Whole buffers, because a network brings a few kilobytes at a time.
        while (await from.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken) is > 0 and var read)
        {
            if (written + read > options.MaxUploadBytes)
                throw IngestRefusedException.TooLarge(options.MaxUploadBytes);
            await RandomAccess.WriteAsync(file, buffer.AsMemory(0, read), written, cancellationToken);
            written += read;
        }
    }

    private static async Task<string> ReadFieldAsync(Stream section, CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestField + 1];
        var read = await section.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return read <= LongestField
            ? Encoding.UTF8.GetString(buffer, 0, read) : throw IngestRefusedException.Malformed($"A field of the form is longer than {LongestField} bytes.");
    }

    private static string? FileName(string? contentDisposition)
    {
        if (!ContentDispositionHeaderValue.TryParse(contentDisposition, out var disposition))
            return null;
        return (disposition.FileNameStar.HasValue ? disposition.FileNameStar : HeaderUtilities.RemoveQuotes(disposition.FileName)).Value;
    }
}
