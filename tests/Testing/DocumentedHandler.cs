namespace Reelseal.Testing;

/// <summary>Compares every answer of a function that a test gets with docs/openapi.yaml: whatever a test provokes, the document must describe it.</summary>
/// <param name="function">The function's name, such as <c>sign-playlist</c>.</param>
/// <param name="inner">Sends the requests.</param>
public sealed class DocumentedHandler(string function, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var answer = await base.SendAsync(request, cancellationToken);
        if (ApiDocument.Of(function).Find(request.Method, request.RequestUri!.AbsolutePath) is { } operation)
            await operation.AssertDescribesAsync(answer);
        return answer;
    }
}
